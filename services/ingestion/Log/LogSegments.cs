using Microsoft.Win32.SafeHandles;

namespace Mesh.Ingestion.Log;

/// <summary>
/// The files of the log: which there are, who reads them, and which may be written over. A segment that nobody needs any more becomes
/// a spare one. Writing over blocks that a file already has changes nothing in the journal of the file system, so an fdatasync does
/// not wait until the journal has taken what all other programs wrote: the slowest acknowledgements come sooner (ADR 0013).
/// A spare file's old frames cannot be taken for new ones, because a frame's checksum covers its position.
/// </summary>
internal sealed class LogSegments
{
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly RecoveredLog _recovered;
    private readonly int _mostSpares;
    private readonly List<long> _starts;
    private readonly List<string> _spares;
    private readonly Dictionary<long, int> _readers = [];

    public LogSegments(string folder, RecoveredLog recovered, int mostSpares)
    {
        (_folder, _recovered, _mostSpares) = (folder, recovered, mostSpares);
        _starts = SegmentFile.Starts(folder);
        _spares = [.. SegmentFile.Spares(folder)];
        Shrink(mostSpares);
    }

    /// <summary>The first position that the log still holds.</summary>
    public long First
    {
        get
        {
            lock (_gate)
                return _starts[0];
        }
    }

    /// <summary>Opens the segment that is written now; makes it where the log is new.</summary>
    public SafeFileHandle OpenLast() => _starts.Count > 0 ? Open(_recovered.LastSegment, FileAccess.ReadWrite) : Begin(_recovered.LastSegment);

    /// <summary>
    /// Makes the next segment, of a spare file where there is one. Its name appears when its header is on the disk, so no crash
    /// leaves a segment without one.
    /// </summary>
    public SafeFileHandle Begin(long start)
    {
        var path = TakeSpare() ?? SegmentFile.SpareOf(_folder, start);
        var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, SegmentFile.Header(_recovered.LogId, start), 0);
            Durable.Data(file);
            // Nothing at or behind this position was ever acknowledged: what an attempt that failed has left there may go.
            File.Move(path, SegmentFile.PathOf(_folder, start), overwrite: true);
            Durable.Folder(_folder);
        }
        catch
        {
            file.Dispose();
            lock (_gate)
                _spares.AddRange(File.Exists(path) ? [path] : []);
            throw;
        }

        lock (_gate)
            _starts.Add(start);
        return file;
    }

    /// <summary>Opens the segment that holds a position for a reader, who gives it back with <see cref="Return"/>.</summary>
    public SafeFileHandle Read(long position, out long start)
    {
        lock (_gate)
        {
            var index = _starts.FindLastIndex(first => first <= position);
            if (index < 0)
                throw new InvalidDataException($"the log no longer holds position {position}");
            start = _starts[index];
            var file = Open(start, FileAccess.Read);
            _readers[start] = _readers.GetValueOrDefault(start) + 1;
            return file;
        }
    }

    public void Return(long start)
    {
        lock (_gate)
        {
            if (--_readers[start] == 0)
                _readers.Remove(start);
        }
    }

    /// <summary>Whether a position is in the segment that begins at <paramref name="start"/>, for positions that are durable.</summary>
    public bool IsWithin(long start, long position)
    {
        lock (_gate)
        {
            var index = _starts.BinarySearch(start);
            var next = index < 0 ? ~index : index + 1;
            return position >= start && (next == _starts.Count || position < _starts[next]);
        }
    }

    /// <summary>Gives up whole segments before a position: they become spare ones, or are deleted where there are enough or somebody reads them.</summary>
    /// <param name="keepFrom">The first position that is still needed.</param>
    /// <param name="isDiskLow">Whether the disk needs the space: no spare one is kept then.</param>
    public void Release(long keepFrom, bool isDiskLow)
    {
        var spared = new List<string>();
        lock (_gate)
        {
            if (isDiskLow)
                Shrink(0);
            for (; _starts.Count > 1 && _starts[1] <= keepFrom; _starts.RemoveAt(0))
            {
                var path = SegmentFile.PathOf(_folder, _starts[0]);
                if (isDiskLow || _spares.Count + spared.Count >= _mostSpares || _readers.ContainsKey(_starts[0]))
                {
                    File.Delete(path);
                    continue;
                }

                // Its name may be taken by a file that was made for this segment once, and not used.
                var spare = SegmentFile.SpareOf(_folder, _starts[0]);
                _spares.Remove(spare);
                File.Move(path, spare, overwrite: true);
                spared.Add(spare);
            }
        }

        if (spared.Count == 0)
            return;

        // Only when the old names are gone for good may the content change.
        Durable.Folder(_folder);
        lock (_gate)
            _spares.AddRange(spared);
    }

    /// <summary>Gives back to the disk what is kept to be written over.</summary>
    public void DeleteSpares()
    {
        lock (_gate)
            Shrink(0);
    }

    private string? TakeSpare()
    {
        lock (_gate)
        {
            if (_spares.Count == 0)
                return null;
            var path = _spares[^1];
            _spares.RemoveAt(_spares.Count - 1);
            return path;
        }
    }

    private void Shrink(int most)
    {
        for (; _spares.Count > most; _spares.RemoveAt(_spares.Count - 1))
            File.Delete(_spares[^1]);
    }

    private SafeFileHandle Open(long start, FileAccess access) =>
        File.OpenHandle(SegmentFile.PathOf(_folder, start), FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
}
