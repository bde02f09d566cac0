namespace Grpc.Core;

/// <summary>The four kinds of calls.</summary>
public enum MethodType
{
    /// <summary>One request, one response.</summary>
    Unary = 0,

    /// <summary>A stream of requests, one response.</summary>
    ClientStreaming = 1,

    /// <summary>One request, a stream of responses.</summary>
    ServerStreaming = 2,

    /// <summary>A stream of requests, a stream of responses.</summary>
    DuplexStreaming = 3,
}

/// <summary>A remote method, whatever its messages.</summary>
public interface IMethod
{
    /// <summary>The kind of its calls.</summary>
    MethodType Type { get; }

    /// <summary>The service with its package, for instance "grpc.health.v1.Health".</summary>
    string ServiceName { get; }

    /// <summary>The name within the service.</summary>
    string Name { get; }

    /// <summary>The path on the wire: "/service/name".</summary>
    string FullName { get; }
}

/// <summary>A remote method with the way its messages are written.</summary>
public class Method<TRequest, TResponse> : IMethod
{
    /// <summary>Describes a method.</summary>
    public Method(
        MethodType type,
        string serviceName,
        string name,
        Marshaller<TRequest> requestMarshaller,
        Marshaller<TResponse> responseMarshaller)
    {
        ArgumentNullException.ThrowIfNull(serviceName);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(requestMarshaller);
        ArgumentNullException.ThrowIfNull(responseMarshaller);
        (Type, ServiceName, Name) = (type, serviceName, name);
        (RequestMarshaller, ResponseMarshaller) = (requestMarshaller, responseMarshaller);
        FullName = $"/{serviceName}/{name}";
    }

    /// <inheritdoc />
    public MethodType Type { get; }

    /// <inheritdoc />
    public string ServiceName { get; }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public string FullName { get; }

    /// <summary>How requests are written and read.</summary>
    public Marshaller<TRequest> RequestMarshaller { get; }

    /// <summary>How responses are written and read.</summary>
    public Marshaller<TResponse> ResponseMarshaller { get; }
}
