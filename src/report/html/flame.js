/* SPDX-License-Identifier: Apache-2.0 */
/* Widths are shares of the frame that is zoomed to; labels are cut to what fits. */
(function(){'use strict';
var W=1200,svg=document.documentElement,fs=[].slice.call(svg.querySelectorAll('.f')),q='',
    info=svg.querySelector('#info'),found=svg.querySelector('#found');
fs.forEach(function(g){g.x0=+g.getAttribute('data-x');g.w0=+g.getAttribute('data-w');
  g.d=+g.getAttribute('data-d');g.r=g.querySelector('rect');g.t=g.querySelector('text');
  g.full=g.querySelector('title').textContent;g.name=g.full.replace(/: [^:]*$/,'');});
function zoom(z){fs.forEach(function(g){
  var up=g.d<z.d&&g.x0<=z.x0+1e-3&&g.x0+g.w0>=z.x0+z.w0-1e-3,
      x=up?0:(g.x0-z.x0)/z.w0*W,w=up?W:g.w0/z.w0*W,
      on=up||(g.d>=z.d&&g.x0>=z.x0-1e-3&&g.x0+g.w0<=z.x0+z.w0+1e-3);
  g.style.display=on&&w>=.1?'':'none';g.classList.toggle('p',up);
  g.r.setAttribute('x',x);g.r.setAttribute('width',Math.max(w-.4,.1));g.t.setAttribute('x',x+3);
  var n=Math.floor((w-6)/6.6);
  g.t.textContent=n<3?'':g.name.length<=n?g.name:g.name.slice(0,n-1)+'\u2026';});}
function search(){var sum=0,last=-1,re=null;
  try{re=q?new RegExp(q,'i'):null}catch(e){re=null}
  fs.forEach(function(g){var m=!!re&&re.test(g.name);g.classList.toggle('m',m);
    if(m&&g.x0>=last-1e-6){sum+=g.w0;last=g.x0+g.w0;}});
  found.textContent=q?'search: '+q+'  '+(100*sum/W).toFixed(2)+' %':
    'type to search, click or Enter to zoom, Esc to go back';}
fs.forEach(function(g){g.addEventListener('click',function(){zoom(g)});
  ['mouseover','focus'].forEach(function(e){g.addEventListener(e,function(){info.textContent=g.full})});});
svg.addEventListener('keydown',function(e){
  if(e.ctrlKey||e.metaKey||e.altKey)return;
  if(e.key==='Escape'){q='';zoom(fs[0])}else if(e.key==='Backspace')q=q.slice(0,-1);
  else if(e.key==='Enter'&&document.activeElement&&document.activeElement.w0)zoom(document.activeElement);
  else if(e.key.length===1)q+=e.key;else return;
  e.preventDefault();search();});
if(fs.length){zoom(fs[0]);search();}
})();
