using System.Security.Cryptography;
using System.Text;
using Mesh.Common.Secrets;

namespace Mesh.Common.Tests.Secrets;

public sealed class SecretBoxTests
{
    private static readonly byte[] s_old = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] s_new = [.. Enumerable.Range(50, 32).Select(i => (byte)i)];

    [Fact]
    public void A_sealed_value_opens_and_shows_nothing_of_itself()
    {
        using var box = new SecretBox("test", s_old);
        var value = box.Seal("hunter2", "a");
        Assert.Equal("hunter2", box.OpenText(value, "a"));
        Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(value), StringComparison.Ordinal);
        Assert.NotEqual(value, box.Seal("hunter2", "a"));
    }

    [Fact]
    public void It_opens_neither_elsewhere_nor_altered()
    {
        using var box = new SecretBox("test", s_old);
        using var other = new SecretBox("other", s_old);
        var value = box.Seal("hunter2", "a");
        Assert.ThrowsAny<CryptographicException>(() => box.Open(value, "b"));
        Assert.ThrowsAny<CryptographicException>(() => other.Open(value, "a"));
        Assert.ThrowsAny<CryptographicException>(() => box.Open(value.AsSpan(0, 10), "a"));
        for (var i = 0; i < value.Length; i++)
        {
            var altered = (byte[])value.Clone();
            altered[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => box.Open(altered, "a"));
        }
    }

    [Fact]
    public async Task Many_threads_seal_and_open_with_one_box()
    {
        using var box = new SecretBox("test", s_old);
        var secret = new string('x', 10_000);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++) Assert.Equal(secret, box.OpenText(box.Seal(secret, $"{i}"), $"{i}"));
        })));
    }

    [Fact]
    public void A_new_cluster_key_still_opens_what_the_old_one_sealed()
    {
        using var before = new SecretBox("test", s_old);
        using var after = new SecretBox("test", s_new, s_old);
        Assert.Equal("x", after.OpenText(before.Seal("x", "a"), "a"));
        Assert.NotEqual(before.KeyId, after.KeyId);
        Assert.ThrowsAny<CryptographicException>(() => before.Open(after.Seal("x", "a"), "a"));
    }
}
