using Mesh.Agent;
using Mesh.Agent.Runtime.Shim;
using Mesh.Common.Hosting;

// The supervisor of one container, started by the agent.
if (args is ["shim", var folder]) return ShimProgram.Run(folder);

var builder = WebApplication.CreateBuilder(args);
var options = builder.AddMeshDefaults("agent");
builder.AddAgent(options);
var app = builder.Build();
app.MapMeshDefaults();
return app.RunMesh();
