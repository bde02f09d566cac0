using Mesh.Builder.Builds;
using Mesh.Builder.Dockerfiles;

namespace Mesh.Builder.Tests.Dockerfiles;

public sealed class DockerfileReaderTests
{
    [Theory]
    [InlineData("FROM stacks/python", "python")]
    [InlineData("from stacks/python:latest", "python")]
    [InlineData("FROM --platform=linux/amd64 stacks/python AS build", "python")]
    [InlineData("# FROM debian\nFROM scratch\nCOPY a /", "")]
    [InlineData("FROM stacks/node AS build\nFROM stacks/static\nCOPY --from=build /app /app", "node,static")]
    [InlineData("FROM stacks/node\nFROM scratch\nCOPY --from=0 /app /app", "node")]
    [InlineData("FROM stacks/node\nCOPY --chown=1000 --from=stacks/python /usr /usr", "node,python")]
    [InlineData("ARG BASE=stacks/node\nFROM ${BASE}", "node")]
    [InlineData("FROM \\\n  stacks/node", "node")]
    public void The_stacks_are_found(string text, string stacks) => Assert.Equal(stacks, string.Join(',', DockerfileReader.Stacks(text)));

    [Theory]
    [InlineData("FROM debian:12", "line 1: the image 'debian:12' cannot be had")]
    [InlineData("\nFROM other/app", "line 2: the image 'other/app'")]
    [InlineData("FROM stacks/node\nCOPY --from=alpine /bin /bin", "line 2: the image 'alpine'")]
    [InlineData("FROM stacks/node\nRUN --mount=type=bind,from=acme/shop,target=/x true", "line 2: the image 'acme/shop'")]
    [InlineData("FROM $BASE", "the image '$BASE'")]
    [InlineData("RUN true", "has no FROM")]
    public void Other_images_are_refused(string text, string message)
    {
        var failure = Assert.Throws<BuildFailedException>(() => DockerfileReader.Stacks(text));

        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }
}
