using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Otlp;

/// <summary>Whose request it is, and by what it is known when it comes again.</summary>
public readonly record struct OtlpId(string Tenant, UInt128 Key)
{
    public static OtlpId Of(string tenant, string way, ReadOnlySpan<byte> body) => new(tenant, TakenRequests.KeyOf(tenant, way, body));
}
