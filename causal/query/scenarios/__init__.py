"""Named worlds to ask a question in, and files of them."""
