using System.Net;

namespace Mesh.Common.ClickHouse;

/// <summary>ClickHouse refused a statement.</summary>
public sealed class ClickHouseException(int code, HttpStatusCode status, string message) : Exception(message)
{
    /// <summary>ClickHouse's own error number; 0 when it gave none.</summary>
    public int Code => code;

    public HttpStatusCode Status => status;

    /// <summary>Whether the statement has a regular expression that cannot be read.</summary>
    public bool IsBadPattern => code == 427;

    /// <summary>Whether the statement came to the limit of time or memory that it carries: it would do so again.</summary>
    public bool IsTooLarge => code is 159 or 160 || (code == 241 && (Message.Contains("(for query)", StringComparison.Ordinal)
        || Message.Contains("Query memory limit", StringComparison.Ordinal)));

    /// <summary>
    /// Whether the same statement may succeed later: too many parts, memory or queries, a read-only table, a timeout of the network, or
    /// a server that is starting or stopping.
    /// </summary>
    public bool IsTransient => (code is 3 or 201 or 202 or 209 or 210 or 225 or 236 or 241 or 242 or 252 or 285 or 319 or 425 or 439 && !IsTooLarge)
        || (code == 0 && status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout);
}
