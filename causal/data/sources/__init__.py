"""What each publisher offers: where, in which format, under which licence.  Nothing fetches."""
