"""Let pytest rewrite the assertions of `bnnbench.testing`, so that a failure shows its values."""

import pytest

pytest.register_assert_rewrite("bnnbench.testing")
