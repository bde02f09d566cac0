using System.Security.Cryptography;
using System.Text;
using Mesh.Common.Names;

namespace Mesh.Controller.Reconciling;

/// <summary>The names of a deployment's workloads.</summary>
internal static class WorkloadNames
{
    private const int Longest = 63, HashDigits = 12;

    /// <summary>
    /// `shop-production-web`. Where parts have dashes of their own or are too long, a hash keeps two deployments from sharing a name.
    /// </summary>
    public static WorkloadName For(DeploymentName deployment, string processType)
    {
        var plain = $"{deployment.App}-{deployment.Deployment}-{processType}";
        if (plain.Length <= Longest && plain.Count(c => c == '-') == 2) return new(deployment.Tenant, plain);
        var whole = $"{deployment.App}/{deployment.Deployment}/{processType}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))[..HashDigits];
        var stem = plain[..Math.Min(plain.Length, Longest - HashDigits - 2)].TrimEnd('-');
        // Two dashes: a plain name never has them side by side, so that no plain name looks like a hashed one.
        return new(deployment.Tenant, $"{stem}--{hash}");
    }
}
