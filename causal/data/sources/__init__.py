"""What each publisher offers: where, in which format, under which licence.

One file a publisher, or a few that are alike.  Nothing here fetches: a source decides what has to
be asked (``source.requests``) and what an answer says (``source.read_response``); the asking is
done in ``data.pull``.
"""
