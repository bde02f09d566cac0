namespace Mesh.Ingestion.Log;

/// <summary>Watches the free space of the log's disk; it asks at most every half second.</summary>
internal sealed class DiskSpace(string folder, long minFreeBytes, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private long _asked = time.GetTimestamp() - (10 * time.TimestampFrequency);
    private bool _low;

    public bool IsLow
    {
        get
        {
            if (time.GetElapsedTime(_asked) >= Interval)
            {
                _asked = time.GetTimestamp();
                _low = new DriveInfo(folder).AvailableFreeSpace < minFreeBytes;
            }

            return _low;
        }
    }
}
