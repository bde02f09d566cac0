using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Ingestion.V1;
using static Mesh.Ingestion.Tests.Scans.Scanner;

namespace Mesh.Ingestion.Tests.Scans;

[Trait("Needs", "servers")]
public sealed class ScanRoleTests(RoleServers servers) : IClassFixture<RoleServers>
{
    private ScanService.ScanServiceClient Client => new(servers.Channel);

    [Theory]
    [InlineData(Role.Viewer)]
    [InlineData(Role.Developer)]
    [InlineData(Role.Owner)]
    public async Task A_person_reads_the_scans_of_his_tenant_writes_none_and_sees_no_others(Role role)
    {
        var (own, foreign) = ($"own-{role}".ToLowerInvariant(), $"foreign-{role}".ToLowerInvariant());
        await servers.MakeTenantAsync(own);
        await servers.MakeTenantAsync(foreign);
        var scan = await Client.ScanAsync(Image($"{own}/shop", 'a'), [Finding("CVE-1", FindingSeverity.High)], [Package("a")]);
        var other = await Client.ScanAsync(Image($"{foreign}/shop", 'a'), [Finding("CVE-2", FindingSeverity.High)], [Package("b")]);
        var person = await servers.PersonAsync(own, role);

        Assert.Equal(scan, (await Client.GetScanAsync(new GetScanRequest { Name = scan.Name }, person)).Scan);
        Assert.Equal([scan], (await Client.ListScansAsync(new ListScansRequest { Parent = $"tenants/{own}/repositories/-" }, person)).Scans);
        var findings = await Client.ListFindingsAsync(new ListFindingsRequest { Parent = $"tenants/{own}" }, person);
        Assert.Equal("CVE-1", Assert.Single(findings.Findings).Id);
        Assert.Equal([Package("a")], (await Client.ListPackagesAsync(new ListPackagesRequest { Parent = scan.Name }, person)).Packages);

        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", () => Client.ScanAsync(scan.Image, [], headers: person));
        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", async () => await Client.DeleteScanAsync(new DeleteScanRequest { Name = scan.Name }, person));

        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", async () => await Client.GetScanAsync(new GetScanRequest { Name = other.Name }, person));
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", async () =>
            await Client.ListScansAsync(new ListScansRequest { Parent = $"tenants/{foreign}/repositories/-" }, person));
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", async () =>
            await Client.ListFindingsAsync(new ListFindingsRequest { Parent = $"tenants/{foreign}" }, person));
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", async () =>
            await Client.ListPackagesAsync(new ListPackagesRequest { Parent = other.Name }, person));
        await RefusedAsync(StatusCode.InvalidArgument, "INVALID_ARGUMENT", async () =>
            await Client.ListFindingsAsync(new ListFindingsRequest { Parent = $"tenants/{own}", Image = other.Image }, person));
        // What only an operator may do says nothing of what there is.
        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", async () => await Client.DeleteScanAsync(new DeleteScanRequest { Name = other.Name }, person));
        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", () => Client.ScanAsync(other.Image, [], headers: person));
        Assert.Equal(other, (await Client.GetScanAsync(new GetScanRequest { Name = other.Name }, Headers)).Scan);
    }

    private static async Task RefusedAsync(StatusCode code, string reason, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal((code, reason), (error.StatusCode, error.Reason()));
    }
}
