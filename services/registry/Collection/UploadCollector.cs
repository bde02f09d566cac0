using Mesh.Registry.Blobs;
using Mesh.Registry.Uploads;

namespace Mesh.Registry.Collection;

/// <summary>Throws away uploads that nobody goes on with, and what a killed process left of one that cannot be resumed.</summary>
public sealed class UploadCollector(IBlobStorage storage, UploadStore uploads, RegistryOptions options, TimeProvider time)
{
    // An upload without a record cannot be resumed by anyone, but its sender may be between its first and its next byte.
    private static readonly TimeSpan UnrecordedGrace = TimeSpan.FromHours(1);

    public async Task<long> RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var unrecorded = options.UploadGrace < UnrecordedGrace ? options.UploadGrace : UnrecordedGrace;
        var recorded = new Dictionary<Guid, DateTimeOffset>(await uploads.AllAsync(cancellationToken));
        var removed = 0L;
        await foreach (var upload in storage.ListUploadsAsync(cancellationToken))
        {
            var grace = recorded.Remove(upload.Id) ? options.UploadGrace : unrecorded;
            if (now - upload.Time >= grace && await RemoveAsync(upload.Id, cancellationToken)) removed++;
        }

        // What is left has a record and no bytes: the crash came between the two, or before the record of the end.
        foreach (var (id, begun) in recorded)
            if (now - begun >= unrecorded) await uploads.RemoveAsync(id, cancellationToken);
        return removed;
    }

    private async Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            await using var upload = await storage.OpenUploadAsync(id, cancellationToken);
            if (upload is null) return false;
            await storage.DeleteUploadAsync(id, cancellationToken);
            await uploads.RemoveAsync(id, cancellationToken);
            return true;
        }
        catch (UploadBusyException)
        {
            return false;
        }
    }
}
