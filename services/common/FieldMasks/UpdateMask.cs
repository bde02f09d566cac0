using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;

namespace Mesh.Common.FieldMasks;

/// <summary>Which fields an update changes, as AIP-134 has it: those that the mask names, `*` for all, or all that are set when it is empty.</summary>
public sealed class UpdateMask
{
    private readonly HashSet<string> _paths;

    private UpdateMask(HashSet<string> paths) => _paths = paths;

    /// <summary>Whether a field is to be changed.</summary>
    public bool Has(string path) => _paths.Contains(path);

    /// <summary>The mask of a request; INVALID_ARGUMENT when it names a field that cannot be changed.</summary>
    public static UpdateMask Of(FieldMask? mask, IMessage resource, params ReadOnlySpan<string> changeable)
    {
        if (mask is null || mask.Paths.Count == 0) return new(SetFields(resource, changeable));
        if (mask.Paths.Contains("*")) return new([.. changeable]);
        foreach (var path in mask.Paths)
        {
            if (!changeable.Contains(path))
                throw MeshException.InvalidArgument("update_mask", $"The field `{path}` cannot be changed. These can: {string.Join(", ", changeable!)}.");
        }
        return new([.. mask.Paths]);
    }

    private static HashSet<string> SetFields(IMessage resource, ReadOnlySpan<string> changeable)
    {
        var set = new HashSet<string>();
        foreach (var path in changeable)
        {
            var field = resource.Descriptor.FindFieldByName(path);
            var value = field.Accessor.GetValue(resource);
            var empty = value switch
            {
                System.Collections.ICollection collection => collection.Count == 0,
                string text => text.Length == 0,
                bool flag => !flag,
                int number => number == 0,
                long number => number == 0,
                System.Enum choice => Convert.ToInt32(choice, System.Globalization.CultureInfo.InvariantCulture) == 0,
                _ => value is null,
            };
            if (!empty) set.Add(path);
        }
        return set;
    }
}
