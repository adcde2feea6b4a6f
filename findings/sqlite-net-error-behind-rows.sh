#!/usr/bin/env bash
# Microsoft.Data.Sqlite 10.0.15 (NuGet), found on the way to a test that prepares a half-written journal with one command of several statements.
#
# Believed: ExecuteNonQuery of a text with several statements runs them one after the other and throws at the first that fails, as it does when none of them
#   returns rows.
# Behaviour: behind a statement that returns rows (a PRAGMA, a SELECT, an INSERT with RETURNING) a failure is lost. The call returns as if all had run, the rest of
#   the text is not executed, and that holds for broken constraints as well as for tables that do not exist.
# So a script that begins with a PRAGMA, or a second insert behind one with RETURNING, can fail without a word: execute one statement at a time.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

cat > seen.csproj <<'XML'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Microsoft.Data.Sqlite" Version="[10.0.15]" />
  </ItemGroup>
</Project>
XML
cat > Program.cs <<'CS'
using Microsoft.Data.Sqlite;

using var connection = new SqliteConnection("Data Source=:memory:");
connection.Open();
Run("CREATE TABLE positive (number INTEGER CHECK (number > 0))");
Show("insert, then a table that is not there", "INSERT INTO positive VALUES (1); INSERT INTO nowhere VALUES (1); INSERT INTO positive VALUES (2)");
Show("pragma, then a table that is not there", "PRAGMA cache_size; INSERT INTO nowhere VALUES (1); INSERT INTO positive VALUES (2)");
Show("pragma, then a broken constraint", "PRAGMA cache_size; INSERT INTO positive VALUES (-1); INSERT INTO positive VALUES (2)");
Show("insert returning, then a broken constraint", "INSERT INTO positive VALUES (3) RETURNING number; INSERT INTO positive VALUES (-1)");
Show("pragma, then a good insert", "PRAGMA cache_size; INSERT INTO positive VALUES (4)");

int Run(string statements)
{
    using var command = connection.CreateCommand();
    command.CommandText = statements;
    return command.ExecuteNonQuery();
}

void Show(string what, string statements)
{
    string outcome;
    try
    {
        Run(statements);
        outcome = "no error";
    }
    catch (SqliteException cause)
    {
        outcome = $"error {cause.SqliteErrorCode}";
    }

    using var count = connection.CreateCommand();
    count.CommandText = "SELECT group_concat(number, ',') FROM positive";
    Console.WriteLine($"{what}: {outcome}; the table has {count.ExecuteScalar()}");
}
CS
dotnet run --verbosity quiet > seen.txt
cat seen.txt
diff - seen.txt <<'TEXT'
insert, then a table that is not there: error 1; the table has 1
pragma, then a table that is not there: no error; the table has 1
pragma, then a broken constraint: no error; the table has 1
insert returning, then a broken constraint: no error; the table has 1,3
pragma, then a good insert: no error; the table has 1,3,4
TEXT
echo "as described"
