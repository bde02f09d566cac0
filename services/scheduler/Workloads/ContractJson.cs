using System.Data;
using Dapper;
using Google.Protobuf;
using Npgsql;
using NpgsqlTypes;

namespace Mesh.Scheduler.Workloads;

/// <summary>Keeps a message of the contract as JSON in a `jsonb` column. Fields that a newer program wrote are passed over.</summary>
public sealed class ContractJson<T> : SqlMapper.TypeHandler<T>
    where T : IMessage, new()
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public override T Parse(object value)
    {
        var message = new T();
        return (T)Parser.Parse((string)value, message.Descriptor);
    }

    public override void SetValue(IDbDataParameter parameter, T? value)
    {
        parameter.Value = value is null ? DBNull.Value : JsonFormatter.Default.Format(value);
        ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Jsonb;
    }
}
