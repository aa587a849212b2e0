"""Models of hot tables are a second hand's copy of the SQL: they must agree with it."""

import psycopg
from django.apps import apps

SQL_TYPES = {
    "BigIntegerField": "bigint",
    "IntegerField": "integer",
    "SmallIntegerField": "smallint",
    "TextField": "text",
    "UUIDField": "uuid",
    "DateTimeField": "timestamp with time zone",
    "DateField": "date",
    "JSONField": "jsonb",
    "BinaryField": "bytea",
    "BooleanField": "boolean",
}


def test_every_unmanaged_model_has_exactly_the_columns_of_its_table(
    owner: psycopg.Connection,
) -> None:
    models = [model for model in apps.get_models() if not model._meta.managed]
    assert len(models) > 20
    for model in models:
        fields = {
            field.column: SQL_TYPES[field.get_internal_type()]
            for field in model._meta.concrete_fields
            if field.column
        }
        columns: dict[str, str] = dict(
            owner.execute(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = %s",
                (model._meta.db_table,),
            ).fetchall()
        )
        assert fields == columns, model._meta.db_table


def test_the_working_roles_may_do_their_work_and_nothing_else(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT grantee, table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)"
        " FROM information_schema.role_table_grants WHERE table_schema = 'public'"
        " AND grantee IN ('jusha_settle', 'jusha_web') GROUP BY 1, 2"
    ).fetchall()
    rights = {(grantee, table): set(what.split()) for grantee, table, what in rows}
    assert rights["jusha_web", "giving_deed"] == {"SELECT"}
    assert rights["jusha_web", "inbox_row"] == {"INSERT", "SELECT"}
    assert rights["jusha_settle", "giving_deed"] == {"INSERT", "SELECT", "UPDATE"}
    assert rights["jusha_settle", "jusha_opening"] == {"SELECT"}
    assert rights["jusha_web", "jusha_opening"] == {"DELETE", "INSERT", "SELECT", "UPDATE"}
    for (grantee, _table), what in rights.items():
        assert "TRUNCATE" not in what, grantee
