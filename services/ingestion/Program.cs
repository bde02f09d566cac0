using Mesh.Common.Hosting;
using Mesh.Ingestion;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("ingestion");
builder.AddIngestion();
var app = builder.Build();
app.MapMeshDefaults();
app.MapIngestion();
return app.RunMesh();
