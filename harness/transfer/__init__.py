"""The table of readers: grades of reads, the table, its texts. Pure: values in, values out."""
