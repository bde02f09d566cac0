using Mesh.Controller.Audit;

namespace Mesh.Controller.Tests.Audit;

public sealed class AuditEntryTests
{
    private static readonly AuditEntry s_entry = new()
    {
        Tenant = "acme", Sequence = 7, Time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), Subject = "tenants/acme/members/alice",
        Peer = "ipv4:127.0.0.1:1", Method = "m", Resource = "r", Code = "OK", RequestId = "q", BeforeDigest = "b", AfterDigest = "a",
    };

    public static TheoryData<string, AuditEntry> Changes => new()
    {
        { "tenant", s_entry with { Tenant = "other" } },
        { "sequence", s_entry with { Sequence = 8 } },
        { "time", s_entry with { Time = s_entry.Time.AddMilliseconds(1) } },
        { "subject", s_entry with { Subject = "tenants/acme/members/bob" } },
        { "peer", s_entry with { Peer = "" } },
        { "method", s_entry with { Method = "n" } },
        { "resource", s_entry with { Resource = "s" } },
        { "code", s_entry with { Code = "NOT_FOUND" } },
        { "request id", s_entry with { RequestId = "" } },
        { "before", s_entry with { BeforeDigest = "" } },
        { "after", s_entry with { AfterDigest = "c" } },
        { "text moved from one field to the next", s_entry with { BeforeDigest = "", AfterDigest = "ba" } },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_field_is_part_of_the_hash(string what, AuditEntry changed) =>
        Assert.True(s_entry.HashAfter("p") != changed.HashAfter("p"), what);

    [Fact]
    public void The_entry_before_is_part_of_the_hash()
    {
        Assert.NotEqual(s_entry.HashAfter("p"), s_entry.HashAfter("q"));
        Assert.Equal(s_entry.HashAfter("p"), (s_entry with { Hash = "whatever" }).HashAfter("p"));
    }
}
