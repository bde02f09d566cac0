using System.Data;
using Dapper;

namespace Mesh.Registry.Blobs;

/// <summary>Digests are text in the database.</summary>
internal sealed class DigestTypeHandler : SqlMapper.TypeHandler<Digest>
{
    public override Digest Parse(object value) => Digest.TryParse((string)value, out var digest)
        ? digest
        : throw new DataException($"The database holds the malformed digest {value}.");

    public override void SetValue(IDbDataParameter parameter, Digest? value) => parameter.Value = (object?)value?.ToString() ?? DBNull.Value;
}
