"""Checks T-SQL files; see scripts/check-tsql."""

import glob
import logging
import re
import sys

import sqlglot
from sqlglot import exp

from tsql_columns import Columns, created

FILES = ("migrations/mssql/*.sql", "src/adapters/mssql/sql/*.sql")

# Statements that sqlglot copies without understanding, and why each is right nevertheless: file name -> reason.
UNDERSTOOD = {}

# Newer than SQL Server 2017, or not to be used on hot tables, or a sign of values in the text.
FORBIDDEN = {
    r"\bGREATEST\b|\bLEAST\b|\bGENERATE_SERIES\b|\bDATE_BUCKET\b|\bJSON_OBJECT\b|\bJSON_ARRAY\b|\bIS\s+(NOT\s+)?DISTINCT\b|\bDATETRUNC\b"
    r"|\bSTRING_SPLIT\s*\([^)]*,[^)]*,": "is newer than SQL Server 2017",
    r"\bFOREIGN\s+KEY\b|\bREFERENCES\b|\bCREATE\s+TRIGGER\b": "would lock across hot tables and forbid OUTPUT INTO",
    r"\bMERGE\b": "is full of races: use UPDATE and INSERT under UPDLOCK, HOLDLOCK",
    r"\bGETDATE\b|\bGETUTCDATE\b|\bdatetime\b|\bdatetime2\b": "has another resolution than the house's bigint microseconds",
    r"\bWAITFOR\b": "holds a connection",
    r"(?im)^\s*GO\s*$": "is no T-SQL: a file is one batch",
    r"\bSELECT\s+\*|\b\w\.\*": "hides which columns are read",
}

HEADER = ("Purpose:", "Parameters:", "Results:", "Locks:")

def problems(path, text):
    """Everything that is wrong with a file."""
    comment = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    statement = path.startswith("src/")
    wanted = HEADER if statement else HEADER[:1]
    for word in wanted:
        if f"-- {word}" not in comment:
            yield f"the comment at the top lacks '{word}'"
    code = re.sub(r"--.*", "", text)
    for pattern, reason in FORBIDDEN.items():
        for found in re.finditer(pattern, code, re.I):
            yield f"line {code.count(chr(10), 0, found.start()) + 1}: {found.group(0).strip()} {reason}"
    if "BEGIN TRANSACTION" in code:
        if "SET XACT_ABORT ON" not in code.split("BEGIN TRANSACTION")[0]:
            yield "a transaction without SET XACT_ABORT ON before it"
        if not code.rstrip().endswith("COMMIT TRANSACTION;"):
            yield "the commit is not the last statement: an error after it would look like a rollback"
    elif len(re.findall(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:dbo|jobs)\.", code, re.I)) > 1:
        yield "several writes without a transaction"
    # SQL Server takes a literal beyond int for numeric: what is computed with it no longer is a bigint, and an index is not sought.
    for line, words in enumerate(code.splitlines(), 1):
        for found in re.finditer(r"(?<![\w.'])\d{10,}", words):
            if int(found.group()) > 2**31 - 1:
                yield f"line {line}: {found.group()} is numeric: compute it, beginning with CONVERT(bigint, ...)"
    # Plans are compiled while table variables are empty: without these hints a join with one may scan the other table, through rows
    # that others have locked.
    for found in re.finditer(r"\bFROM\s+@\w+.*?(?=;|\bWHERE\b|\bORDER\b|$)", code, re.S):
        for join in re.finditer(r"\b(?:INNER|LEFT)\s+(LOOP\s+)?JOIN\s+(?:dbo|jobs)\.\S+\s+AS\s+\w+\s+(WITH\s*\([^)]*\bFORCESEEK\b[^)]*\)\s+)?ON\b", found.group(), re.S):
            if not (join.group(1) and join.group(2)):
                line = code.count(chr(10), 0, found.start() + join.start()) + 1
                yield f"line {line}: a join of a table variable needs LOOP JOIN and WITH (FORCESEEK)"
    for found in re.finditer(r"\bFROM\s+(?:dbo|jobs)\.\S+\s+AS\s+\w+(?:\s+WITH\s*\([^)]*\))?\s+(?:INNER|LEFT)\s+(?:LOOP\s+)?JOIN\s+@", code, re.S):
        yield f"line {code.count(chr(10), 0, found.start()) + 1}: a table variable is joined first, so that the other table is sought"
    try:
        statements = parse(text)
    except sqlglot.errors.SqlglotError as error:
        yield f"does not parse: {error}"
        return
    for found in OUTPUT_INTO.finditer(code):
        for column in found.group(3).split(","):
            if column.strip() not in TABLES.get(found.group(2), set()):
                yield f"{found.group(2)} has no column {column.strip()}"
    columns = Columns({**TABLES, **created(statements)})
    for parsed in statements:
        counts["statements"] += 1
        if any(parsed.find_all(exp.Command)) and path not in UNDERSTOOD:
            yield f"not understood: {parsed.sql(dialect='tsql')[:120]}"
        yield from columns.problems(parsed)


# sqlglot knows OUTPUT ... INTO a variable only, not INTO a table with its columns.
OUTPUT_INTO = re.compile(r"(\bOUTPUT\b[^;]*?\bINTO )(?:dbo|jobs)\.(\w+) \(([^)]*)\)")


def parse(text):
    """The statements of a file."""
    text = OUTPUT_INTO.sub(r"\1@\2", text)
    return [s for s in sqlglot.parse(text, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE) if s]


# Of the migrations, and the one table that the migration lock makes.
TABLES = {"SchemaVersion": {"Version", "Name", "AppliedAt"}}
counts = {"statements": 0}


def main():
    logging.disable(logging.WARNING)
    for path in glob.glob(FILES[0]):
        with open(path, encoding="utf-8") as file:
            for table, columns in created(parse(file.read())).items():
                TABLES.setdefault(table, set()).update(columns)
    files = sys.argv[1:] or sorted(path for pattern in FILES for path in glob.glob(pattern))
    if not files:
        sys.exit("check-tsql: no files")
    failed = False
    for path in files:
        with open(path, encoding="utf-8") as file:
            for problem in problems(path, file.read()):
                failed = True
                print(f"{path}: {problem}")
    if failed:
        sys.exit(1)
    print(f"check-tsql: {counts['statements']} statements in {len(files)} files parse as T-SQL, every column resolved (sqlglot {sqlglot.__version__})")


main()
