# docker build -t bnnbench . && docker run --rm -v "$PWD/results:/work/results" bnnbench
# Without a command it runs `smoke`; any other follows the name: … bnnbench run paper --jobs 2
FROM python:3.11-slim
COPY . /source
RUN pip install --no-cache-dir "/source[data]" && rm -rf /source
WORKDIR /work
ENTRYPOINT ["bnnbench"]
CMD ["run", "smoke"]
