using Google.Protobuf;
using Mesh.Common.Names;
using Mesh.Common.Secrets;

namespace Mesh.Scheduler.Workloads;

/// <summary>Seals the env of templates: it may hold secrets, and only the node that runs an allocation reads it.</summary>
public sealed class EnvBox(SecretBox box)
{
    /// <summary>The template without its env, and the env sealed for this workload alone.</summary>
    public (V1.Template Bare, byte[] Env) Split(WorkloadName workload, V1.Template template)
    {
        var bare = template.Clone();
        bare.Env.Clear();
        var env = new V1.Template { Env = { template.Env } };
        return (bare, box.Seal(env.ToByteArray(), workload.ToString()));
    }

    /// <summary>The whole template again.</summary>
    public V1.Template Join(WorkloadName workload, V1.Template bare, byte[] env)
    {
        var template = bare.Clone();
        template.Env.Add(V1.Template.Parser.ParseFrom(box.Open(env, workload.ToString())).Env);
        return template;
    }
}
