"""Which environment can read which file: grades of reads, the table of them, its texts. Pure: values in, values out."""
