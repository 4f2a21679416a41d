"""Numbers of record: COCO AP and AR, PCK, every joint's error. Labels and poses in, numbers out; no files."""
