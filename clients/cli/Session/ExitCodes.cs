using Grpc.Core;

namespace Mesh.Cli.Session;

/// <summary>What the command's exit code tells a script.</summary>
public static class ExitCodes
{
    public const int Ok = 0, Failure = 1, Usage = 2, NotFound = 3, NotAllowed = 4, Unavailable = 5;

    public static int Of(StatusCode code) => code switch
    {
        StatusCode.OK => Ok,
        StatusCode.InvalidArgument => Usage,
        StatusCode.NotFound => NotFound,
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => NotAllowed,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => Unavailable,
        _ => Failure,
    };
}
