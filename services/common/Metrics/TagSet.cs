namespace Mesh.Common.Metrics;

/// <summary>The labels of one series, comparable with the tags of a measurement without copying them.</summary>
internal sealed class TagSet(KeyValuePair<string, object?>[] tags)
{
    public IReadOnlyList<KeyValuePair<string, object?>> Tags => tags;

    internal sealed class Comparer : IEqualityComparer<TagSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, TagSet>
    {
        private readonly TagSet _empty = new([]);

        public TagSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => alternate.IsEmpty ? _empty : new(alternate.ToArray());

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, TagSet other)
        {
            if (alternate.Length != other.Tags.Count) return false;
            for (var i = 0; i < alternate.Length; i++)
            {
                if (alternate[i].Key != other.Tags[i].Key || !Equals(alternate[i].Value, other.Tags[i].Value)) return false;
            }
            return true;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = new HashCode();
            foreach (var tag in alternate) hash.Add(tag.Value);
            return hash.ToHashCode();
        }

        public bool Equals(TagSet? x, TagSet? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Equals([.. x.Tags], y));

        public int GetHashCode(TagSet obj) => GetHashCode([.. obj.Tags]);
    }
}
