"""From a store to a paper: tables with intervals, a caption that says what was measured, and a stamp to check them by.

A `Table` is built from a store (`make_table`), written in a format (`write_table`), and regenerated from the stamp that
it carries (`check_table`). `stamped` does the second with a stamp.
"""

from bnnbench.paper.build import KINDS as KINDS
from bnnbench.paper.build import make_table as make_table
from bnnbench.paper.check import check_table as check_table
from bnnbench.paper.check import stamped as stamped
from bnnbench.paper.macros import to_macros as to_macros
from bnnbench.paper.table import Column as Column
from bnnbench.paper.table import Table as Table
from bnnbench.paper.write import FORMATS as FORMATS
from bnnbench.paper.write import write_table as write_table
