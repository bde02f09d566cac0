namespace Mesh.Ingestion.Tests.Receiving;

/// <summary>Random damage to a valid message. The seed is printed when a test fails, and can be given by MESH_SEED.</summary>
internal sealed class Fuzz
{
    private readonly int _seed;
    private readonly Random _random;

    public Fuzz(int? seed = null)
    {
        _seed = int.TryParse(Environment.GetEnvironmentVariable("MESH_SEED"), out var given) ? given : seed ?? Environment.TickCount;
        _random = new Random(_seed);
    }

    public Random Random => _random;

    /// <summary>
    /// Gives damaged copies to a decoder, which may refuse them by one of the expected exceptions and by no other.
    /// </summary>
    public void Run(byte[] valid, int rounds, Action<byte[]> decode, params Type[] expected) => Run(() => Damage(valid), rounds, decode, expected);

    /// <summary>Gives random bytes of any length up to the greatest; otherwise as the other.</summary>
    public void RunNoise(int maxLength, int rounds, Action<byte[]> decode, params Type[] expected)
    {
        Run(
            () =>
            {
                var noise = new byte[_random.Next(maxLength + 1)];
                _random.NextBytes(noise);
                return noise;
            },
            rounds, decode, expected);
    }

    private void Run(Func<byte[]> next, int rounds, Action<byte[]> decode, Type[] expected)
    {
        for (var round = 0; round < rounds; round++)
        {
            var damaged = next();
            try
            {
                decode(damaged);
            }
            catch (Exception exception) when (!expected.Any(type => type.IsInstanceOfType(exception)))
            {
                Assert.Fail($"seed {_seed}, round {round}, input {Convert.ToHexString(damaged)}: {exception}");
            }
            catch (Exception exception) when (expected.Any(type => type.IsInstanceOfType(exception)))
            {
            }
        }
    }

    /// <summary>Text of printable characters, some of several bytes, and of those that formats give a meaning.</summary>
    public string Text(int maxLength)
    {
        const string Alphabet = "abcXYZ019_:.-/ \\\",=é€😀{}[]#\t";
        return string.Concat(Enumerable.Range(0, _random.Next(maxLength + 1)).Select(_ => Alphabet[_random.Next(Alphabet.Length)]))
            .Replace("\ud83d", "d", StringComparison.Ordinal).Replace("\ude00", "e", StringComparison.Ordinal);
    }

    private byte[] Damage(byte[] valid)
    {
        var bytes = valid.ToList();
        for (var change = _random.Next(1, 5); change > 0; change--)
        {
            var at = _random.Next(bytes.Count + 1);
            switch (_random.Next(5))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.Insert(at, (byte)_random.Next(256));
                    break;
                case 2 when at < bytes.Count:
                    bytes.RemoveAt(at);
                    break;
                case 3 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                default:
                    bytes.InsertRange(at, valid[..Math.Min(valid.Length, _random.Next(64))]);
                    break;
            }
        }

        return [.. bytes];
    }
}
