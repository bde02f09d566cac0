using Grpc.Core;
using Mesh.Auth.V1;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class AuditTests(ControllerFixture controller)
{
    [Fact]
    public async Task The_log_verifies_and_shows_every_kind_of_tampering()
    {
        await controller.MakeTenantAsync("audited");
        var apps = controller.As("audited", Role.Developer).Apps;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i => await apps.CreateAppAsync(new() { Parent = "tenants/audited", AppId = $"a{i}" })));
        await Refused.CodeAsync(apps.CreateAppAsync(new() { Parent = "tenants/audited", AppId = "a1" }));
        var audit = controller.As("audited", Role.Admin).Audit;
        var whole = await audit.VerifyAuditLogAsync(new() { Parent = "tenants/audited" });
        Assert.Equal(0, whole.FirstBadSequence);
        var listed = (await audit.ListAuditEntriesAsync(new() { Parent = "tenants/audited", PageSize = 4 }));
        Assert.Equal([whole.Entries, whole.Entries - 1, whole.Entries - 2, whole.Entries - 3], listed.AuditEntries.Select(e => e.Sequence));
        Assert.All(listed.AuditEntries, e => Assert.Equal(
            ("tenants/audited/members/developer", "mesh.controller.v1.AppService/CreateApp", "OK"), (e.Subject, e.Method, e.Code)));

        foreach (var (tamper, bad) in new[]
        {
            ("update audit_entries set subject = 'tenants/audited/members/owner' where tenant = 'audited' and sequence = 5", 5L),
            ("update audit_entries set time = time + interval '1 s' where tenant = 'audited' and sequence = 3", 3),
            ("delete from audit_entries where tenant = 'audited' and sequence = 4", 4),
            ($"delete from audit_entries where tenant = 'audited' and sequence = {whole.Entries}", whole.Entries),
            ("delete from audit_entries where tenant = 'audited' and sequence = 1", 1),
            ("delete from audit_entries where tenant = 'audited'", 1),
            ("update audit_heads set sequence = sequence - 1 where tenant = 'audited'", whole.Entries + 1),
        })
        {
            await ExecuteAsync("create table backup_entries as table audit_entries; create table backup_heads as table audit_heads");
            await ExecuteAsync(tamper);
            var verified = await audit.VerifyAuditLogAsync(new() { Parent = "tenants/audited" });
            Assert.True(bad == verified.FirstBadSequence, $"{tamper}: {verified}");
            await ExecuteAsync("""
                delete from audit_entries where tenant = 'audited';
                insert into audit_entries select * from backup_entries where tenant = 'audited';
                update audit_heads h set sequence = b.sequence, hash = b.hash from backup_heads b where b.tenant = h.tenant and h.tenant = 'audited';
                drop table backup_entries; drop table backup_heads
                """);
        }
        Assert.Equal(whole, await audit.VerifyAuditLogAsync(new() { Parent = "tenants/audited" }));
    }

    [Fact]
    public async Task Refused_changes_are_recorded_and_bounded()
    {
        await controller.MakeTenantAsync("refusing");
        var audit = controller.As("refusing", Role.Admin).Audit;
        var before = (await audit.VerifyAuditLogAsync(new() { Parent = "tenants/refusing" })).Entries;
        var create = new V1.CreateAppRequest { Parent = "tenants/refusing", AppId = "shop" };
        foreach (var (caller, code) in new[]
        {
            (controller.As("refusing", Role.Viewer), StatusCode.PermissionDenied),
            (controller.As("acme", Role.Owner), StatusCode.NotFound),
            (controller.As(""), StatusCode.Unauthenticated),
            (controller.As("mesh_" + new string('x', 43)), StatusCode.Unauthenticated),
        })
            Assert.Equal(code, await Refused.CodeAsync(caller.Apps.CreateAppAsync(create)));
        // What would have changed nothing is not recorded.
        Assert.Equal(StatusCode.Unauthenticated, await Refused.CodeAsync(controller.As("").Apps.ListAppsAsync(new() { Parent = "tenants/refusing" })));
        // Nor is what no tenant was meant to suffer.
        Assert.Equal(StatusCode.Unauthenticated, await Refused.CodeAsync(controller.As("").Apps.CreateAppAsync(new() { Parent = "tenants/nowhere", AppId = "shop" })));

        var entries = (await audit.ListAuditEntriesAsync(new() { Parent = "tenants/refusing", PageSize = 4 })).AuditEntries;
        Assert.Equal(before + 4, entries[0].Sequence);
        Assert.Equal(["UNAUTHENTICATED", "UNAUTHENTICATED", "NOT_FOUND", "PERMISSION_DENIED"], entries.Select(e => e.Code));
        Assert.Equal("tenants/refusing/members/viewer", entries[3].Subject);
        Assert.Equal("tenants/acme/members/owner", entries[2].Subject);
        Assert.All(entries, e => Assert.Equal(("mesh.controller.v1.AppService/CreateApp", "tenants/refusing"), (e.Method, e.Resource)));

        await Task.WhenAll(Enumerable.Range(0, 250).Select(_ => Refused.CodeAsync(controller.As("refusing", Role.Viewer).Apps.CreateAppAsync(create))));
        var after = await audit.VerifyAuditLogAsync(new() { Parent = "tenants/refusing" });
        Assert.Equal(0, after.FirstBadSequence);
        Assert.InRange(after.Entries, before + 50, before + 200);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(controller.Database + ";Search Path=controller");
        await connection.OpenAsync();
        await Tables.ExecuteAsync(connection, sql);
    }
}
