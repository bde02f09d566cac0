namespace Mesh.Ingestion.Telemetry;

/// <summary>Bounds the bytes between one reader and one acknowledger. A single item larger than the window passes alone.</summary>
internal sealed class ByteWindow(long size)
{
    private readonly Lock _gate = new();
    private long _used;
    private TaskCompletionSource? _freed;

    public async ValueTask EnterAsync(long bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task freed;
            lock (_gate)
            {
                if (_used == 0 || _used + bytes <= size)
                {
                    _used += bytes;
                    return;
                }

                _freed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                freed = _freed.Task;
            }

            await freed.WaitAsync(cancellationToken);
        }
    }

    public void Leave(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            _freed?.SetResult();
            _freed = null;
        }
    }
}
