"""What `jusha simulate` shows of an estimate: pictures, tables and one page."""
