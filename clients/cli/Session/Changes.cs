using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Mesh.Cli.Session;

/// <summary>What of a resource has been changed.</summary>
internal static class Changes
{
    /// <summary>The fields that differ. Of a oneof that has another member now, only that one is named.</summary>
    public static FieldMask Between<T>(T before, T after)
        where T : IMessage<T>
    {
        var fields = before.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => !Equals(field.Accessor.GetValue(before), field.Accessor.GetValue(after)))
            .Where(field => field.ContainingOneof is null || field.Accessor.GetValue(after) is not null)
            .Select(field => field.Name);
        return new FieldMask { Paths = { fields } };
    }
}
