using Google.Protobuf.WellKnownTypes;

namespace Mesh.Builder.Sources;

internal static class SourceMapping
{
    public static V1.Source ToWire(this Source source) => new()
    {
        Name = source.Name.ToString(),
        Digest = source.Digest,
        SizeBytes = source.SizeBytes,
        Commit = source.CommitId,
        Branch = source.Branch,
        CreateTime = source.CreateTime.ToTimestamp(),
    };
}
