using System.Data;
using System.Text.Json;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Mesh.Common.Postgres;

/// <summary>How Dapper reads and writes what PostgreSQL has and ADO.NET lacks.</summary>
public static class DapperTypes
{
    /// <summary>Columns in snake_case fill properties in PascalCase; times are UTC. Called once at start.</summary>
    public static void Register()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new TimeHandler());
    }

    /// <summary>Keeps a type in a `jsonb` column.</summary>
    public static void RegisterJson<T>() => SqlMapper.AddTypeHandler(new JsonHandler<T>());

    private sealed class TimeHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime time => new(DateTime.SpecifyKind(time, DateTimeKind.Utc)),
            DateTimeOffset time => time,
            _ => throw new DataException($"A {value.GetType().Name} is no time."),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }

    private sealed class JsonHandler<T> : SqlMapper.TypeHandler<T>
    {
        public override T? Parse(object value) => JsonSerializer.Deserialize<T>((string)value, JsonSerializerOptions.Web);

        public override void SetValue(IDbDataParameter parameter, T? value)
        {
            parameter.Value = JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Jsonb;
        }
    }
}
