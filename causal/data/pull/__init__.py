"""The history from its publishers into a local cache.

From the network inwards: ``transport`` opens the library that speaks HTTP, ``redirect`` says where
a redirect may lead, ``client`` asks for one response, ``validate`` judges it, ``pull`` does so for
all sources, under the ``lock`` of the cache.  ``cache`` keeps every vintage of the rows, and a
``manifest`` for each source; ``status`` says how old and how whole they are.  Whoever reads the
history needs ``cache`` alone (``data.history``), whoever pulls it ``client``, ``pull`` and
``status``.
"""
