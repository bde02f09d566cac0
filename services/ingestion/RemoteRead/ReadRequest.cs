using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.RemoteRead;

/// <summary>`prometheus.ReadRequest` (prompb/remote.proto): queries, and how the sender can take the answer.</summary>
internal sealed record ReadRequest(IReadOnlyList<ReadQuery> Queries, bool Chunked)
{
    private const int MaxQueries = 100;
    private const ulong Samples = 0;
    private const ulong StreamedXorChunks = 1;

    public static ReadRequest Parse(ReadOnlySpan<byte> message)
    {
        var queries = new List<ReadQuery>();
        var types = new List<ulong>();
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            switch (reader.ReadTag())
            {
                case (1 << 3) | 2 when queries.Count < MaxQueries:
                    queries.Add(ReadQuery.Parse(reader.ReadBytes()));
                    break;
                case (1 << 3) | 2:
                    throw MeshException.InvalidArgument("queries", $"A request has at most {MaxQueries} queries.");
                case 2 << 3:
                    types.Add(reader.ReadVarint());
                    break;
                case (2 << 3) | 2:
                    var packed = new WireReader(reader.ReadBytes());
                    while (!packed.AtEnd)
                        types.Add(packed.ReadVarint());
                    break;
                case var tag:
                    reader.Skip(tag);
                    break;
            }
        }

        // The first type that is understood counts; without any it is samples.
        var understood = types.Where(type => type is Samples or StreamedXorChunks).ToList();
        if (types.Count > 0 && understood.Count == 0)
            throw MeshException.InvalidArgument("accepted_response_types", "Answers are SAMPLES or STREAMED_XOR_CHUNKS.");
        return new ReadRequest(queries, understood.Count > 0 && understood[0] == StreamedXorChunks);
    }
}

/// <summary>One query: a range of time, both ends included, and matchers.</summary>
internal sealed record ReadQuery(long Start, long End, Selector Selector)
{
    public static ReadQuery Parse(ReadOnlySpan<byte> message)
    {
        var (start, end) = (0L, 0L);
        var matchers = new List<Matcher>();
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            switch (reader.ReadTag())
            {
                case 1 << 3:
                    start = (long)reader.ReadVarint();
                    break;
                case 2 << 3:
                    end = (long)reader.ReadVarint();
                    break;
                case (3 << 3) | 2:
                    matchers.Add(ParseMatcher(reader.ReadBytes()));
                    break;
                case var tag:
                    reader.Skip(tag);
                    break;
            }
        }

        // Held within what a table can hold.
        return new ReadQuery(Math.Clamp(start, 0, 9_000_000_000_000), Math.Clamp(end, 0, 9_000_000_000_000), new Selector(matchers));
    }

    private static Matcher ParseMatcher(ReadOnlySpan<byte> message)
    {
        var (type, name, value) = (0UL, "", "");
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            switch (reader.ReadTag())
            {
                case 1 << 3:
                    type = reader.ReadVarint();
                    break;
                case (2 << 3) | 2:
                    name = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case (3 << 3) | 2:
                    value = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case var tag:
                    reader.Skip(tag);
                    break;
            }
        }

        return type <= (ulong)MatchOperator.MatchesNot && name.Length > 0
            ? new Matcher(name, (MatchOperator)type, value)
            : throw MeshException.InvalidArgument("matchers", "A matcher names a label and compares by =, !=, =~ or !~.");
    }
}
