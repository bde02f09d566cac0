using Mesh.Common.Hosting;
using Mesh.Registry;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("registry");
builder.AddRegistry();

var app = builder.Build();
app.MapMeshDefaults();
app.MapRegistry();
return app.RunMesh();
