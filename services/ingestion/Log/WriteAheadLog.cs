using System.ComponentModel;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Log;

/// <summary>
/// The write-ahead log. Records that arrive while a group is being written wait and form the next group, so one
/// fdatasync serves many senders. The log itself decides where a batch for the database ends, and writes the decision
/// into the frames: batches are a function of the log alone, and a retry after any crash sends the same rows again.
/// </summary>
public sealed class WriteAheadLog : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly LogOptions _options;
    private readonly TimeProvider _time;
    private readonly DiskSpace _disk;
    private readonly LogWriter _writer;
    private readonly Thread _loop;
    private readonly LogBatches _batches;
    private List<LogRecord> _queue = [];
    private long _queuedBytes;
    private long _durableEnd;
    private long _checkpoint;
    private bool _closed;
    private Exception? _broken;
    private TaskCompletionSource _advanced = NewSignal();

    /// <param name="folder">Where its segments lie.</param>
    /// <param name="checkpoint">The position up to which the database has everything.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="openFrom">Where the batches begin whose roll-ups the database has not; the checkpoint unless given.</param>
    public WriteAheadLog(string folder, long checkpoint, LogOptions options, TimeProvider time, long? openFrom = null)
    {
        _options = options;
        _time = time;
        Recovered = RecoveredLog.Open(folder, checkpoint);
        _disk = new DiskSpace(folder, options.MinFreeBytes, time);
        Segments = new LogSegments(folder, Recovered, options.SpareSegments);
        _writer = new LogWriter(Segments, Recovered, options.SegmentBytes);
        _batches = new LogBatches(options, time, openRows: Recovered.End > (openFrom ?? checkpoint));
        _durableEnd = Recovered.End;
        _checkpoint = checkpoint;
        _loop = new Thread(Run) { Name = "log", IsBackground = true };
        _loop.Start();
    }

    public RecoveredLog Recovered { get; }

    /// <summary>The first position that the log still holds.</summary>
    public long First => Segments.First;

    /// <summary>The position behind the last durable frame: readers go no further.</summary>
    public long DurableEnd => Volatile.Read(ref _durableEnd);

    /// <summary>The position up to which the database has everything.</summary>
    public long Checkpoint => Volatile.Read(ref _checkpoint);

    /// <summary>Set when the disk failed in a way that no retry mends; the program has to end and recover.</summary>
    public Exception? Broken => Volatile.Read(ref _broken);

    /// <summary>The refusal of what is larger than a record can be; it does not help to send it again.</summary>
    public static MeshException TooLarge() => MeshException.ResourceExhausted(
        ErrorTable.TooLarge, $"What one request brings takes more than {FrameHeader.MaxPayload >> 20} MiB. Send it in parts.");

    /// <summary>
    /// Takes a record; <see cref="LogRecord.Durable"/> tells the rest. Records become durable in the order of their appends,
    /// and when one fails, all that were appended behind it and wait fail too.
    /// </summary>
    /// <param name="record">The record, which the log owns from now on unless it refuses.</param>
    /// <param name="admit">Asked under the log's lock; false leaves the record with the caller.</param>
    public bool TryAppend(LogRecord record, Func<bool>? admit = null)
    {
        // Whoever reads the log takes a longer frame for damage.
        if (record.Bytes.Length - FrameHeader.Size > FrameHeader.MaxPayload)
            throw TooLarge();
        lock (_gate)
        {
            if (_closed || _broken is not null)
                throw MeshException.Unavailable("LOG_CLOSED", "The log is closed.", RetryDelay);
            if (_queuedBytes + record.Bytes.Length > _options.MaxQueuedBytes && _queue.Count > 0)
                throw MeshException.ResourceExhausted("LOG_BUSY", "Too many bytes wait for the log.", TimeSpan.FromMilliseconds(200));
            if (_durableEnd - _checkpoint + _queuedBytes + record.Bytes.Length > _options.MaxBytes)
                throw MeshException.ResourceExhausted("LOG_FULL", "The log has reached its limit, and the database is behind.", RetryDelay);
            if (_disk.IsLow)
            {
                // The drain gives them back too, but not while it has nothing to do.
                Segments.DeleteSpares();
                throw MeshException.ResourceExhausted("DISK_FULL", "The disk has too little free space.", RetryDelay);
            }

            if (admit is not null && !admit())
                return false;

            _queue.Add(record);
            _queuedBytes += record.Bytes.Length;
            if (_wake.CurrentCount == 0)
                _wake.Release();
            return true;
        }
    }

    /// <summary>Waits until something is durable behind <paramref name="position"/>.</summary>
    public async Task WaitBeyondAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            var advanced = Volatile.Read(ref _advanced);
            if (DurableEnd > position)
                return;
            await advanced.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Notes that everything before <paramref name="checkpoint"/> is in the database, and gives up whole segments before
    /// <paramref name="keepFrom"/>, which is not behind it.
    /// </summary>
    public void Truncate(long checkpoint, long keepFrom)
    {
        Volatile.Write(ref _checkpoint, checkpoint);
        bool low;
        lock (_gate)
            low = _disk.IsLow;
        Segments.Release(keepFrom, low);
    }

    internal LogSegments Segments { get; }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }

        _loop.Join();
        _writer.Dispose();
        _wake.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Run()
    {
        var group = new List<LogRecord>();
        while (true)
        {
            _wake.Wait(_batches.UntilDue());
            bool last;
            lock (_gate)
            {
                (_queue, group) = (group, _queue);
                _queuedBytes = 0;
                last = _closed;
            }

            if (_batches.Due)
                group.Add(new LogRecord(0));
            if (group.Count > 0)
                Commit(group);
            group.Clear();
            if (last || _broken is not null)
                return;
        }
    }

    private void Commit(List<LogRecord> group)
    {
        try
        {
            var position = _writer.End;
            foreach (var record in group)
            {
                record.Position = position;
                var bytes = record.Bytes.At(0, record.Bytes.Length);
                FrameHeader.Seal(bytes, position, record.Rows, _batches.Ends(record), _time.GetUtcNow().ToUnixTimeMilliseconds());
                position += bytes.Length;
            }

            var before = _writer.End;
            _writer.Write(group);
            Volatile.Write(ref _durableEnd, _writer.End);
            LogMetrics.Committed(group.Count, _writer.End - before);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Fail(group, exception);
            return;
        }

        foreach (var record in group)
        {
            record.Complete();
            record.Dispose();
        }

        Interlocked.Exchange(ref _advanced, NewSignal()).SetResult();
    }

    private void Fail(List<LogRecord> group, Exception exception)
    {
        lock (_gate)
        {
            // A write that failed was undone; after a failed fdatasync nobody knows what the disk holds.
            if (exception.InnerException is Win32Exception)
                _broken = exception;
            _batches.Restart();
            foreach (var record in group.Concat(_queue))
            {
                record.Fail(MeshException.Unavailable("LOG_WRITE_FAILED", "The log could not be written.", RetryDelay, exception));
                record.Dispose();
            }

            _queue.Clear();
            _queuedBytes = 0;
        }
    }
}
