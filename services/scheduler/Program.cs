using Mesh.Common.Hosting;
using Mesh.Scheduler;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("scheduler");
builder.AddScheduler();
var app = builder.Build();
app.MapMeshDefaults();
app.MapScheduler();
return app.RunMesh();
