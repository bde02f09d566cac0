namespace Mesh.Benchmarks.Ingest;

/// <summary>
/// Hosts that are scraped every 15 s, all from one seed. Every hundred scrapes one host in twenty is replaced by a new one: its
/// series end and as many others begin.
/// </summary>
internal sealed class HostFleet
{
    public const int ScrapeMilliseconds = 15_000;
    private const int ScrapesPerReplacement = 100, HostsPerReplacement = 20;

    private readonly Random _random = new(1);
    private readonly Series[] _template;
    private readonly double[] _values;
    private readonly int[] _hosts;
    private readonly long _start;
    private readonly bool _replaces;
    private int _scrape = -1;
    private int _made;

    /// <param name="hosts">How many hosts.</param>
    /// <param name="startMilliseconds">The time of the first scrape.</param>
    /// <param name="replaces">Whether hosts are replaced.</param>
    public HostFleet(int hosts, long startMilliseconds, bool replaces = true)
    {
        _template = [.. Family.Host.SelectMany(family => family.Labels.Select(labels => new Series(family, labels)))];
        _values = new double[hosts * _template.Length];
        _hosts = new int[hosts];
        _start = startMilliseconds;
        _replaces = replaces;
        for (var host = 0; host < hosts; host++)
            Make(host);
    }

    public int SeriesPerHost => _template.Length;

    public int Hosts => _hosts.Length;

    /// <summary>How many series there have been.</summary>
    public long SeriesMade => (long)_made * _template.Length;

    /// <summary>The time of this scrape of a host: hosts are scraped one after another within the interval.</summary>
    public long TimeOf(int host) => _start + (long)_scrape * ScrapeMilliseconds + (_hosts[host] * 7919L % ScrapeMilliseconds);

    public string InstanceOf(int host) => $"10.{_hosts[host] >> 16}.{_hosts[host] >> 8 & 255}.{_hosts[host] & 255}:9100";

    /// <summary>A number that no other host has or had.</summary>
    public int NumberOf(int host) => _hosts[host];

    public Series SeriesOf(int index) => _template[index];

    public double ValueOf(int host, int index) => _values[host * _template.Length + index];

    /// <summary>Goes on to the next scrape.</summary>
    public void Advance()
    {
        _scrape++;
        if (_replaces && _scrape > 0 && _scrape % ScrapesPerReplacement == 0)
        {
            for (var host = _scrape / ScrapesPerReplacement % HostsPerReplacement; host < _hosts.Length; host += HostsPerReplacement)
                Make(host);
        }

        for (var i = 0; i < _values.Length; i++)
            _values[i] = Next(_values[i], _template[i % _template.Length].Family);
    }

    private void Make(int host)
    {
        _hosts[host] = _made++;
        for (var i = 0; i < _template.Length; i++)
            _values[host * _template.Length + i] = First(_template[i].Family);
    }

    private double First(Family family) => family.Shape switch
    {
        Shape.Constant => family.Rate,
        Shape.Counter => Math.Floor(_random.NextDouble() * family.Rate * 100_000),
        Shape.Seconds => Math.Round(_random.NextDouble() * family.Rate * 100_000, 2),
        Shape.Pages => (100_000 + _random.Next(2_000_000)) * 4096.0,
        Shape.Few => _random.Next(20, 60),
        Shape.Decimal => Math.Round(_random.NextDouble() * 3, 2),
        _ => Math.Round(_random.NextDouble() * (0.01 + family.Rate * 10_000), 9),
    };

    private double Next(double value, Family family) => family.Shape switch
    {
        Shape.Constant => value,
        Shape.Counter => value + Math.Floor(Spread() * family.Rate),
        Shape.Seconds => Math.Round(value + Spread() * family.Rate, 2),
        Shape.Pages => Math.Max(0, value + Math.Round((_random.NextDouble() - 0.5) * 2 * family.Rate) * 4096.0),
        Shape.Few => _random.Next(3) == 0 ? Math.Max(0, value + _random.Next(-(int)family.Rate, (int)family.Rate + 1)) : value,
        Shape.Decimal => Math.Max(0, Math.Round(value + (_random.NextDouble() - 0.5) * 2 * family.Rate, 2)),
        _ when family.Rate == 0 => Math.Round(0.0001 + Math.Pow(_random.NextDouble(), 4) * 0.02, 9),
        _ => Math.Round(value + Spread() * family.Rate, 9),
    };

    // Around 1, now and then far above it: traffic comes in bursts.
    private double Spread() => (0.5 + _random.NextDouble()) * (_random.Next(20) == 0 ? 5 : 1);

    /// <summary>One series of every host.</summary>
    internal sealed class Series(Family family, string labels)
    {
        public Family Family => family;

        /// <summary>All labels but the instance's, by name. The metric's name comes first.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Labels { get; } =
        [
            new("__name__", family.Metric),
            .. labels.Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => new KeyValuePair<string, string>(pair[..pair.IndexOf('=', StringComparison.Ordinal)], pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..]))
                .Append(new("job", "node"))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal),
        ];
    }
}
