using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;

namespace Mesh.Controller.Tests.Servers;

/// <summary>Who may call what, for every unary RPC of the controller's contracts: a new one is tested when it appears.</summary>
[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class EveryRpcTests(ControllerFixture controller)
{
    private static readonly string s_uid = Guid.Empty.ToString();

    private static readonly FileDescriptor[] s_files =
    [
        V1.TenantServiceReflection.Descriptor, V1.MemberServiceReflection.Descriptor, V1.TokenServiceReflection.Descriptor,
        V1.AppServiceReflection.Descriptor, V1.ConfigServiceReflection.Descriptor, V1.ReleaseServiceReflection.Descriptor,
        V1.DeploymentServiceReflection.Descriptor, V1.AuditServiceReflection.Descriptor, V1.RouteServiceReflection.Descriptor,
    ];

    private static IEnumerable<MethodDescriptor> Unary => s_files.SelectMany(f => f.Services).SelectMany(s => s.Methods)
        .Where(m => !m.IsClientStreaming && !m.IsServerStreaming);

    public static TheoryData<string> OfTenants =>
        [.. Unary.Where(m => AccessRules.Of(m)!.Role is >= Role.Viewer and <= Role.Owner).Select(m => m.FullName)];

    public static TheoryData<string> All => [.. Unary.Select(m => m.FullName)];

    [Theory]
    [MemberData(nameof(OfTenants))]
    public async Task Another_tenants_resources_do_not_exist(string method)
    {
        var status = await CallAsync(controller.As("acme", Role.Owner), method, "globex");
        Assert.Equal(StatusCode.NotFound, status.StatusCode);
    }

    [Theory]
    [MemberData(nameof(OfTenants))]
    public async Task A_lower_role_is_refused(string method)
    {
        for (var role = Role.Viewer; role < AccessRules.Of(Find(method))!.Role; role++)
            Assert.Equal(StatusCode.PermissionDenied, (await CallAsync(controller.As("acme", role), method, "acme")).StatusCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Without_a_token_nothing_is_answered(string method) =>
        Assert.Equal(StatusCode.Unauthenticated, (await CallAsync(controller.As(""), method, "acme")).StatusCode);

    [Theory]
    [InlineData("mesh.controller.v1.TenantService.CreateTenant")]
    [InlineData("mesh.controller.v1.TokenService.ResolveToken")]
    public async Task An_owner_is_no_operator_and_no_program(string method) =>
        Assert.Equal(StatusCode.PermissionDenied, (await CallAsync(controller.As("acme", Role.Owner), method, "acme")).StatusCode);

    [Theory]
    [MemberData(nameof(OfTenants))]
    public async Task A_request_without_a_name_is_an_invalid_argument(string method)
    {
        var found = Find(method);
        var error = await CallAsync(controller.As("acme", Role.Owner), found, found.InputType.Parser.ParseFrom([]));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    private static MethodDescriptor Find(string method) => Unary.Single(m => m.FullName == method);

    private static Task<Status> CallAsync(Caller caller, string method, string tenant) =>
        CallAsync(caller, Find(method), Request(Find(method), tenant));

    private static async Task<Status> CallAsync(Caller caller, MethodDescriptor method, IMessage request)
    {
        var call = new Method<IMessage, IMessage>(
            MethodType.Unary, method.Service.FullName, method.Name,
            Marshallers.Create<IMessage>(m => m.ToByteArray(), _ => request),
            Marshallers.Create<IMessage>(m => m.ToByteArray(), method.OutputType.Parser.ParseFrom));
        try
        {
            await caller.Invoker.AsyncUnaryCall(call, null, default, request);
            return Status.DefaultSuccess;
        }
        catch (RpcException e)
        {
            return e.Status;
        }
    }

    /// <summary>A request whose names are well formed and lie in the tenant.</summary>
    private static IMessage Request(MethodDescriptor method, string tenant)
    {
        var request = method.InputType.Parser.ParseFrom([]);
        foreach (var field in method.InputType.Fields.InDeclarationOrder().Where(f => !f.IsRepeated && !f.IsMap))
        {
            if (field.FieldType == FieldType.String && field.Name is "name" or "parent")
            {
                field.Accessor.SetValue(request, NameFor(method, field.Name, tenant));
            }
            else if (field.FieldType == FieldType.Message && field.MessageType.FindFieldByName("name") is { } name)
            {
                var resource = field.MessageType.Parser.ParseFrom([]);
                if (method.Name.StartsWith("Update", StringComparison.Ordinal)) name.Accessor.SetValue(resource, NameFor(method, "name", tenant));
                field.Accessor.SetValue(request, resource);
            }
        }
        return request;
    }

    private static string NameFor(MethodDescriptor method, string field, string tenant)
    {
        var app = $"tenants/{tenant}/apps/shop";
        return (method.Service.Name, method.Name, field) switch
        {
            ("TenantService" or "AuditService", _, _) => $"tenants/{tenant}",
            ("MemberService", _, "name") => $"tenants/{tenant}/members/owner",
            ("TokenService", _, "name") => $"tenants/{tenant}/tokens/{s_uid}",
            ("AppService", _, "name") => app,
            ("ConfigService", _, _) => $"{app}/config",
            ("ReleaseService", _, "name") => $"{app}/releases/1",
            ("DeploymentService", "GetAction", _) => $"{app}/deployments/production/actions/{s_uid}",
            ("DeploymentService", "ListActions", _) or ("DeploymentService", _, "name") => $"{app}/deployments/production",
            ("ReleaseService" or "DeploymentService", _, "parent") => app,
            _ => $"tenants/{tenant}",
        };
    }
}
