"""From a store to a paper: tables with intervals, a caption that says what was measured, and a stamp to check them by.

A `Table` is built from a store (`make_table`), written in a format (`write_table`), and regenerated from the stamp that
it carries (`check_table`). `stamped` does the second with a stamp.
"""

from bnnbench.tables.build import KINDS as KINDS
from bnnbench.tables.build import make_table as make_table
from bnnbench.tables.check import check_table as check_table
from bnnbench.tables.check import stamped as stamped
from bnnbench.tables.formats import FORMATS as FORMATS
from bnnbench.tables.formats import write_table as write_table
from bnnbench.tables.macros import to_macros as to_macros
from bnnbench.tables.table import Column as Column
from bnnbench.tables.table import Table as Table
from bnnbench.tables.view import View as View
