"""Resolves every column of a T-SQL batch against the tables of the migrations and the table variables of the batch."""

from sqlglot import exp

SCOPES = (exp.Select, exp.Update, exp.Delete, exp.Insert)
OPENJSON = {"key", "value", "type"}


def created(statements):
    """Table name -> columns, of CREATE TABLE and DECLARE @t TABLE statements, with those that ALTER TABLE ADD brings."""
    tables = {}
    for statement in statements:
        if isinstance(statement, exp.Alter):
            added = {action.name for action in statement.args["actions"] if isinstance(action, exp.ColumnDef)}
            tables.setdefault(name_of(statement.this), set()).update(added)
        for schema in statement.find_all(exp.Schema):
            columns = {column.name for column in schema.expressions if isinstance(column, exp.ColumnDef)}
            if not columns:
                continue
            owner = schema.this if isinstance(schema.this, (exp.Table, exp.Parameter)) else schema.find_ancestor(exp.DeclareItem)
            tables[name_of(owner)] = columns
    return tables


def name_of(node):
    """How a table is called: its name, or the variable's with the @."""
    if isinstance(node, exp.DeclareItem):
        node = node.this[0] if isinstance(node.this, list) else node.this
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Parameter):
        node = node.this
    if isinstance(node, exp.Parameter):
        return "@" + node.name
    return node.name


def scope_of(node):
    """The nearest statement or sub-select around a node, or None."""
    return node.find_ancestor(*SCOPES)


def outputs(select):
    """Names of a select's columns."""
    return {projection.alias_or_name for projection in select.selects}


class Columns:
    """Resolves columns; `tables` are the known ones."""

    def __init__(self, tables):
        self.tables = tables

    def problems(self, statement):
        """Every column that no source has."""
        for insert in statement.find_all(exp.Insert):
            if isinstance(insert.this, exp.Schema):
                table = name_of(insert.this.this)
                for column in insert.this.expressions:
                    if column.name not in self.tables.get(table, set()):
                        yield f"{table} has no column {column.name}"
        for column in statement.find_all(exp.Column):
            # Names of sequences, of collations, of SET options and in DDL look like columns.
            if isinstance(column.parent, exp.NextValueFor):
                continue
            if isinstance(column.parent, exp.Collate) and column.arg_key == "expression" or scope_of(column) is None:
                continue
            if isinstance(column.this, exp.Star) or not self.known(column):
                yield f"nothing here has a column {column.sql(dialect='tsql')}"

    def known(self, column):
        """Whether some scope around the column has it."""
        scope = scope_of(column)
        while scope is not None:
            for alias, columns in self.sources(scope).items():
                if column.table in ("", alias) and column.name in columns:
                    return True
            scope = scope_of(scope)
        return False

    def sources(self, scope):
        """Alias -> columns, of what one scope reads or writes."""
        found = {}
        for node in scope.find_all(exp.Table, exp.Subquery, exp.Lateral, exp.OpenJSON):
            if scope_of(node) is not scope:
                continue
            if isinstance(node, exp.Subquery):
                found[node.alias] = outputs(node.this) if node.alias else set()
            elif isinstance(node, exp.OpenJSON):
                holder = node.find_ancestor(exp.Table, exp.Lateral, exp.Alias)
                alias = node.alias or (holder.alias if holder is not None else "")
                found[alias] = {definition.name for definition in node.expressions} or OPENJSON
            elif isinstance(node, exp.Lateral):
                inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
                if isinstance(inner, exp.Select):
                    found[node.alias] = outputs(inner)
                elif isinstance(inner, exp.OpenJSON):
                    found[node.alias] = {definition.name for definition in inner.expressions} or OPENJSON
            else:
                self.add(found, node, scope)
        target = scope.this if isinstance(scope, (exp.Update, exp.Delete, exp.Insert)) else None
        if isinstance(scope, exp.Delete) and scope.args.get("tables"):
            target = scope.args["tables"][0]
        if target is not None:
            written = target.this if isinstance(target, exp.Schema) else target
            columns = found.get(name_of(written)) or found.get(written.alias_or_name) or self.tables.get(name_of(written), set())
            found["inserted"] = found["deleted"] = columns
        return found

    def add(self, found, table, scope):
        name = name_of(table)
        columns = self.tables.get(name) or self.common(name, scope)
        if columns is None and isinstance(table.this, exp.OpenJSON):
            return
        # The target of UPDATE w … FROM @t AS w is an alias, not a table.
        if columns or (table.alias or name) not in found:
            found[table.alias or name] = columns or set()

    def common(self, name, scope):
        """The columns of a WITH expression in reach."""
        while scope is not None:
            clause = scope.args.get("with_")
            for expression in clause.expressions if clause else []:
                if expression.alias == name:
                    return outputs(expression.this)
            scope = scope_of(scope)
        return None
