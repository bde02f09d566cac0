using Grpc.Core;

namespace Mesh.Compat.Tests.Behaviour;

public sealed class CredentialsTests
{
    private static readonly CallCredentials _token = CallCredentials.FromInterceptor((_, metadata) =>
    {
        metadata.Add("authorization", "Bearer token");
        return Task.CompletedTask;
    });

    [Fact]
    public async Task Call_credentials_add_their_header()
    {
        var configured = new RecordingConfigurator();
        _token.InternalPopulateConfiguration(configured, null);
        Metadata headers = [];

        await Assert.Single(configured.Interceptors)(new AuthInterceptorContext("http://service", "Get"), headers);

        Assert.Equal("Bearer token", headers.GetValue("authorization"));
    }

    [Fact]
    public void Composed_call_credentials_keep_their_order()
    {
        var other = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);
        var configured = new RecordingConfigurator();

        CallCredentials.Compose(_token, other).InternalPopulateConfiguration(configured, null);

        Assert.Equal([_token, other], configured.Composed);
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(_token));
    }

    [Fact]
    public void Call_credentials_do_not_compose_with_an_insecure_channel()
    {
        Assert.NotNull(ChannelCredentials.Create(ChannelCredentials.SecureSsl, _token));
        Assert.Throws<ArgumentException>(() => ChannelCredentials.Create(ChannelCredentials.Insecure, _token));
    }

    private sealed class RecordingConfigurator : CallCredentialsConfiguratorBase
    {
        public List<AsyncAuthInterceptor> Interceptors { get; } = [];

        public IReadOnlyList<CallCredentials> Composed { get; private set; } = [];

        public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) =>
            Interceptors.Add(interceptor);

        public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials) => Composed = credentials;
    }
}
