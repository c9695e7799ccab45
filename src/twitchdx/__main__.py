"""``python -m twitchdx``: the command line."""

from __future__ import annotations

import sys

from twitchdx.cli import main

sys.exit(main())
