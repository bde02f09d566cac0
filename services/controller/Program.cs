using Mesh.Common.Hosting;
using Mesh.Controller;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("controller");
builder.AddController();

var app = builder.Build();
app.MapMeshDefaults();
app.MapController();
return app.RunMesh();
