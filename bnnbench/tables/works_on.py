"""The column of tables that says what a solver reads of an instance; rows without it compare different questions."""

from bnnbench.metrics import SUMMARY
from bnnbench.tables.table import Column

WORKS_ON = Column.of(next(column for column in SUMMARY if column.name == "works_on"))
