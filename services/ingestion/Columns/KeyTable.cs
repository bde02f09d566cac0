using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Mesh.Ingestion.Columns;

/// <summary>
/// Numbers distinct byte strings 0, 1, 2, … in the order in which they first come: open addressing over one arena, no
/// object per entry. The order depends on nothing but the input, so the same rows give the same bytes again. Strings that are made
/// to have one hash, which is fast and no secret, turn the table to a slower one that is.
/// </summary>
public sealed class KeyTable : IDisposable
{
    // With at most half of the slots taken, strings that nobody has chosen so never make a search as long as this.
    private const int LongSearch = 128;

    private readonly ByteBuffer _arena = new();
    private readonly ValueColumn<int> _ends = new("Int32");
    private int[] _slots = NewSlots(64);

    public int Count => _ends.Rows;

    /// <summary>Whether slots are chosen by a secret.</summary>
    internal bool IsSecret { get; private set; }

    /// <summary>How many bytes the strings and their ends take.</summary>
    public long Bytes => _arena.Length + _ends.Bytes;

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            var ends = _ends.Values;
            var start = index == 0 ? 0 : ends[index - 1];
            return _arena.Span[start..ends[index]];
        }
    }

    public int IndexOf(ReadOnlySpan<byte> value)
    {
        var mask = _slots.Length - 1;
        var start = HashOf(value) & mask;
        var slot = start;
        for (; _slots[slot] >= 0; slot = (slot + 1) & mask)
        {
            if (this[_slots[slot]].SequenceEqual(value))
                return _slots[slot];
        }

        _slots[slot] = _ends.Rows;
        _arena.Write(value);
        _ends.Add(_arena.Length);
        var isLong = !IsSecret && ((slot - start) & mask) > LongSearch;
        IsSecret |= isLong;
        if (_ends.Rows * 2 > _slots.Length)
            Rehash(_slots.Length * 2);
        else if (isLong)
            Rehash(_slots.Length);
        return _ends.Rows - 1;
    }

    public int IndexOf(string value)
    {
        Span<byte> buffer = stackalloc byte[512];
        return Encoding.UTF8.TryGetBytes(value, buffer, out var written)
            ? IndexOf(buffer[..written])
            : IndexOf(Encoding.UTF8.GetBytes(value));
    }

    public void Clear()
    {
        _arena.Clear();
        _ends.Clear();
        Array.Fill(_slots, -1);
        IsSecret = false;
    }

    public void Dispose() => _arena.Dispose();

    private static int[] NewSlots(int size)
    {
        var slots = new int[BitOperations.RoundUpToPowerOf2((uint)size)];
        Array.Fill(slots, -1);
        return slots;
    }

    private int HashOf(ReadOnlySpan<byte> value) => IsSecret ? SecretHashOf(value) : (int)XxHash64.Compute(value);

    // The hash that dictionaries of strings have, with the secret of this process; it takes two bytes at a time.
    private static int SecretHashOf(ReadOnlySpan<byte> value) =>
        HashCode.Combine(string.GetHashCode(MemoryMarshal.Cast<byte, char>(value)), value.Length, value.IsEmpty ? 0 : value[^1]);

    private void Rehash(int size)
    {
        _slots = NewSlots(size);
        var mask = _slots.Length - 1;
        for (var index = 0; index < _ends.Rows; index++)
        {
            var slot = HashOf(this[index]) & mask;
            while (_slots[slot] >= 0)
                slot = (slot + 1) & mask;
            _slots[slot] = index;
        }
    }
}
