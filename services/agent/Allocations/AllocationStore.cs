using System.Text.Json;
using System.Text.Json.Serialization;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Allocations;

/// <summary>The allocations on disk: one folder each, one file that is replaced as a whole.</summary>
public sealed class AllocationStore(string root, ILogger<AllocationStore> log)
{
    public ContainerFolder Folder(string uid) => new(Path.Combine(root, uid));

    public void Save(Allocation allocation)
    {
        var folder = Folder(allocation.Spec.Uid);
        folder.Create();
        ShimFiles.Write(folder.Record, allocation, AllocationJson.Default.Allocation);
    }

    public IReadOnlyList<Allocation> Load()
    {
        Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return [.. Uids().Select(Load).OfType<Allocation>()];
    }

    /// <summary>The uids of all allocations that have a folder, readable or not.</summary>
    public IReadOnlyCollection<string> Uids() => [.. Directory.EnumerateDirectories(root).Select(path => Path.GetFileName(path))];

    private Allocation? Load(string uid)
    {
        try
        {
            return ShimFiles.Read(Folder(uid).Record, AllocationJson.Default.Allocation);
        }
        catch (JsonException e)
        {
            // What it was cannot be known any more; it is removed like an orphan and the scheduler places it anew.
            log.LogError(e, "The record of allocation {Allocation} is damaged", uid);
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Allocation))]
internal sealed partial class AllocationJson : JsonSerializerContext;
