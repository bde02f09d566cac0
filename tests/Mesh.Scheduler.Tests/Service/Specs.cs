using Mesh.Scheduler.V1;

namespace Mesh.Scheduler.Tests.Service;

/// <summary>Specs as tests want them.</summary>
internal static class Specs
{
    public static WorkloadSpec Web(int count = 1, string version = "1", int cpuMillis = 100, string nodes = ".*") => new()
    {
        Count = count,
        Template = new Template
        {
            Image = $"acme/shop@sha256:{new string('a', 64)}",
            Listens = true,
            Env = { ["VERSION"] = version, ["PASSWORD"] = "a secret" },
            Resources = new Resources { CpuMillis = cpuMillis },
        },
        Labels = { ["app"] = "shop" },
        Constraints = { new Constraint { Attribute = "node", Operator = Constraint.Types.Operator.Regexp, Values = { nodes } } },
    };
}
