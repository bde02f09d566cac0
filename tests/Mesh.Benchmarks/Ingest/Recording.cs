using System.Buffers.Binary;

namespace Mesh.Benchmarks.Ingest;

/// <summary>
/// Remote-write requests in files, one file for each sender, each request behind its length. A host's scrapes are all in one file, so
/// no series is ever sent out of order, as Prometheus shards its senders.
/// </summary>
internal sealed class Recording
{
    public const int Senders = 4;
    private const int SamplesPerRequest = 2_000;

    private readonly string _folder;

    private Recording(string folder) => _folder = folder;

    public long Samples { get; private set; }

    public long Series { get; private set; }

    public long Bytes { get; private set; }

    /// <param name="folder">Where the files go.</param>
    /// <param name="hosts">How many hosts.</param>
    /// <param name="scrapes">How many times each is scraped.</param>
    /// <param name="minutesBack">How long ago the last scrape was: every time is one that both sides take.</param>
    public static Recording Make(string folder, int hosts, int scrapes, int minutesBack)
    {
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - minutesBack * 60_000L - (long)scrapes * HostFleet.ScrapeMilliseconds;
        Directory.CreateDirectory(folder);
        var fleet = new HostFleet(hosts, start);
        var recording = new Recording(folder);
        var requests = Enumerable.Range(0, Senders).Select(_ => new RemoteWrite()).ToArray();
        var waiting = new int[Senders];
        var files = Enumerable.Range(0, Senders).Select(sender => new BufferedStream(File.Create(recording.PathOf(sender)), 1 << 20)).ToArray();
        for (var scrape = 0; scrape < scrapes; scrape++)
        {
            fleet.Advance();
            for (var host = 0; host < hosts; host++)
                recording.Add(fleet, host, host % Senders, requests, waiting, files);
        }

        for (var sender = 0; sender < Senders; sender++)
        {
            if (waiting[sender] > 0)
                recording.Write(files[sender], requests[sender]);
            files[sender].Dispose();
        }

        recording.Series = fleet.SeriesMade;
        return recording;
    }

    public string PathOf(int sender) => Path.Combine(_folder, $"requests-{sender}");

    private void Add(HostFleet fleet, int host, int sender, RemoteWrite[] requests, int[] waiting, BufferedStream[] files)
    {
        var (instance, time) = (fleet.InstanceOf(host), fleet.TimeOf(host));
        for (var i = 0; i < fleet.SeriesPerHost; i++)
        {
            requests[sender].Add(fleet.SeriesOf(i), instance, time, fleet.ValueOf(host, i));
            Samples++;
            if (++waiting[sender] < SamplesPerRequest)
                continue;
            Write(files[sender], requests[sender]);
            waiting[sender] = 0;
        }
    }

    private void Write(BufferedStream file, RemoteWrite request)
    {
        var bytes = request.Compress();
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        file.Write(length);
        file.Write(bytes);
        Bytes += bytes.Length;
        request.Clear();
    }
}
