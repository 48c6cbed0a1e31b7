"""Parts of a plan that run on other machines: split a plan, write a shard, run it, and hand its results over."""
