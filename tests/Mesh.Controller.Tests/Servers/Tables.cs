using System.Text;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

/// <summary>The controller's tables, seen from beside it.</summary>
internal static class Tables
{
    public static Task<string[]> WithTenantAsync(NpgsqlConnection connection) => ColumnAsync(connection, """
        select table_name from information_schema.columns where table_schema = 'controller' and column_name = 'tenant' order by 1
        """);

    /// <summary>Every row of every table as text.</summary>
    public static async Task<string> DumpAsync(NpgsqlConnection connection)
    {
        var text = new StringBuilder();
        foreach (var table in await ColumnAsync(connection, "select table_name from information_schema.tables where table_schema = 'controller'"))
            foreach (var row in await ColumnAsync(connection, $"select t::text from controller.{table} t")) text.AppendLine(row);
        return text.ToString();
    }

    public static async Task<string[]> ColumnAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync()) values.Add(reader.GetString(0));
        return [.. values];
    }

    public static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync();
    }
}
