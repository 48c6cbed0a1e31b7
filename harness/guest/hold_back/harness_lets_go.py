"""A fork server of overlaid attempts imports this last: the module can be imported again. It removes all traces."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.guest.hold_back.harness_holds_back import HoldsBack, forget_overlays
else:
    from harness_holds_back import HoldsBack, forget_overlays

sys.meta_path.remove(HoldsBack)
forget_overlays()
folder = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [each for each in sys.path if os.path.abspath(each) != folder]
sys.path_importer_cache.pop(folder, None)
del sys.modules["harness_holds_back"]
